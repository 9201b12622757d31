from typing import final

from consumer.log_kernel import KernelFields

@final
class LogFields(KernelFields): ...
