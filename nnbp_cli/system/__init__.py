"""What the operating system does for us: files, whole or not at all, .npz and JSON among them; locks, signals
and the hardware; and what a command may write over. It knows nothing of networks.
"""
