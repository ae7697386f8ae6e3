"""What may happen to nginx and to its machine."""

from faults import Fault, fault
