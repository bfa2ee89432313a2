"""What a department app installs to sign people in; it imports nothing of the provider and speaks only HTTP to it.

`relying_party` is the protocol, the `web_*` modules are a browser's way through it; both know no framework. `flask`,
`django` and `asgi` put them into one each, and need that framework only when they are imported themselves. `demo` is
two small apps on Flask.
"""
