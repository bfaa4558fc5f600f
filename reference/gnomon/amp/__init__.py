"""Mixed precision, as programs ask for it: ``torch.amp``.

``autocast`` leaves every operation in the dtypes of its operands, so results are those of full
precision. ``GradScaler`` scales losses as PyTorch's does.
"""

from gnomon.amp.autocast_mode import autocast as autocast
from gnomon.amp.autocast_mode import custom_bwd as custom_bwd
from gnomon.amp.autocast_mode import custom_fwd as custom_fwd
from gnomon.amp.autocast_mode import is_autocast_available as is_autocast_available
from gnomon.amp.grad_scaler import GradScaler as GradScaler
