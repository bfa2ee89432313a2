"""What must hold whatever happens, tried from outside: processes, HTTP, and nothing of the provider's own code."""
