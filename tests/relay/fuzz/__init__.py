"""Strangers at the relay's doors: whatever they send, it refuses in good order, stays up, and keeps nothing of them."""
