"""PyTorch's other names for dtypes. Several shadow builtins, hence a module of their own."""

from gnomon.dtypes.dtype import bool_, float16, float32, float64, int16, int32, int64

bool = bool_
half = float16
float = float32
double = float64
short = int16
int = int32
long = int64
