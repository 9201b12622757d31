from typing import Self, final

from consumer.log.fields import LogFields
from consumer.log.tenths import LogTenths

@final
class LogEvents:
    fields: LogFields
    tenths: LogTenths
    ended: int
    evicted: int
    stray_ends: int
    first_ms: int
    last_ms: int
    busiest_records: int
    busiest_second: int
    def __new__(cls, fields: LogFields, tenths: LogTenths) -> Self: ...
    def finish(self) -> None: ...
