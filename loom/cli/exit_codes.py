"""Exit codes beside 0, 1 (the user can mend it) and 2 (the user cannot): what shells say of signals."""

INTERRUPTED = 130  # 128 + SIGINT
BROKEN_PIPE = 141  # 128 + SIGPIPE
