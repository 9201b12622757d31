"""Records of the kernel that are damaged, out of order or rare, read as aureport reads them."""


from consumer.log.event cimport LogEvent
from consumer.log.messages cimport MessageFields
from consumer.log.rough cimport Walk


cdef class KernelFields(MessageFields):
    cdef void take_call(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_task(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_anomaly(self, Walk *walk, LogEvent *event, int record_type) noexcept nogil
    cdef void take_kernel(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_avc(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_loose(self, Walk *walk, LogEvent *event, bint with_login) noexcept nogil
    cdef void take_packet(self, Walk *walk, LogEvent *event) noexcept nogil
    cdef void take_address(self, Walk *walk, LogEvent *event) noexcept nogil
