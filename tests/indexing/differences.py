"""Programs that show something else than with PyTorch, each with the reason."""

DIFFERENT: dict[str, str] = {
    "x[None, [0, 1]] of permuted": "other strides of the same shape",
    "t.put(z, i, w)": "contiguous, as the results of functions are",
    "t.masked_fill(z, m.t(), 9)": "the strides every elementwise operation gives",
    "t.take_along_dim(x, t.tensor([[4]]), 0)": "PyTorch takes indices modulo the size",
    "e.masked_fill_(m, 9)": "a tensor that overlaps itself is never written to",
    "d as_strided_scatter": "PyTorch 2.13 gives the gradient of the replaced part to the rest",
    "d embedding frequency": "PyTorch's second derivative is not scaled",
    **{
        f"x[t.tensor([1, 0, 1], dtype=t.uint8)] = {written}": "PyTorch refuses to fill"
        for written in ("-1", "-1 of a permuted", "v[]", "v[1]")
    },
}
