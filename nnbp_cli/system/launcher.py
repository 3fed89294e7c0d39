"""What mpirun and srun say to the processes that they start."""

import os


def launched() -> int:
    """How many processes were started together, this one among them; 1 where nothing says so."""
    names = ["PMI_SIZE", "OMPI_COMM_WORLD_SIZE", *["SLURM_STEP_NUM_TASKS"] * ("PMIX_RANK" in os.environ)]
    return max(int(number) if (number := os.environ.get(name, "1")).isdecimal() else 1 for name in names)
