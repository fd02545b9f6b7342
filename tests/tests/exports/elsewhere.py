"""Hooks of Schemathesis: each case comes from an address of its own, as a forwarder on this machine says it.

Who makes tokens up is told to wait, address by address, and one of the checks makes up one for each case.
"""

import itertools

import schemathesis

NUMBERS = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    number = next(NUMBERS)
    case.headers["X-Forwarded-For"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
