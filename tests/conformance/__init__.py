"""The OpenID Foundation's conformance plans as checks, run against this provider and against a certified peer."""
