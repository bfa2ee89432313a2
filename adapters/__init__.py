"""What plugs the provider into the world: department kit, outside services, and their sandbox.

Always true: the wings do not import each other, and only `adapters.providers` knows `idp`.
"""
