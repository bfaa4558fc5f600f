"""Where the time goes: on the host by operation, on devices by kernel.

>>> import gnomon as torch
>>> from gnomon.profiler import profile, record_function
>>> x = torch.ones(20, 20)
>>> with profile(record_shapes=True) as p:
...     with record_function("forward"):
...         y = (x @ x).exp()
>>> [(event.key, event.count) for event in p.key_averages()]
[('forward', 1), ('matrix_product', 1), ('exp', 1)]

``p.key_averages().table(sort_by="self_cpu_time_total")`` is a table of it, and
``p.export_chrome_trace("trace.json")`` a file for chrome://tracing.
"""

from gnomon.profiler.profile import ProfilerAction as ProfilerAction
from gnomon.profiler.profile import ProfilerActivity as ProfilerActivity
from gnomon.profiler.profile import profile as profile
from gnomon.profiler.profile import schedule as schedule
from gnomon.profiler.profile import supported_activities as supported_activities
from gnomon.profiler.profile import tensorboard_trace_handler as tensorboard_trace_handler
from gnomon.profiler.record import record_function as record_function
