from typing import final

from consumer.log.kernel import KernelFields

@final
class LogFields(KernelFields): ...
