"""What the operating system does for us: files, whole or not at all; locks, signals, the hardware; and what a
command may write over. It knows nothing of networks.
"""
