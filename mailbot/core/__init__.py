"""The decisions of mailbot as pure functions over frozen values: no I/O, no clock, no randomness, no threads.

Times and identifiers are arguments. Nothing here imports anything of mailbot outside `mailbot.core`, except `mailbot.errors`.
"""
