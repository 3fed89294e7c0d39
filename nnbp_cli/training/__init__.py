"""How a network learns: its batches, the loop, what is measured after an epoch, and when it is over."""
