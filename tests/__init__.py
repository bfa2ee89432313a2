"""The tests, by capability; being a package puts the project itself on the import path."""
