"""What a department app installs to sign people in; it imports nothing of the provider and speaks only HTTP to it.

`relying_party` is the framework-free core, `flask` its Flask integration, `demo` two small apps that use both.
"""
