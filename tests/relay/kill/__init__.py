"""What is cut, and what falls silent, while output and typing are counted. (Relays that are killed: ``test_two_relays_with_pods``.)"""
