"""The benchmark: this provider and npm oidc-provider under the same load, in the same run, on one core each.

Always true: a figure is server CPU time divided by answers that were checked; a wrong answer ends the run.
"""
