"""How a network learns: batches, optimizers, schedules, and the loop that brings them together."""
