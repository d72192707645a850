"""What ``make package`` makes, unpacked as Lambda unpacks it and run by an interpreter that sees nothing else."""
