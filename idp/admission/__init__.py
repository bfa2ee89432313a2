"""The way in: parked requests and the one decision about what is still missing before an app may be entered.

Always true: a request is protocol-neutral here; who speaks a protocol hands in a `Demand` and gets a `Decision`.
"""
