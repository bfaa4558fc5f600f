"""Modes: recording or not, inference, hooks on saved tensors, anomaly mode."""

from __future__ import annotations

import threading

from autograd.backward_programs import leaf
from autograd.observing import Torch, Value, error, program


@program
def contexts(torch: Torch) -> Value:
    seen = [torch.is_grad_enabled()]
    with torch.no_grad():
        seen.append(torch.is_grad_enabled())
        with torch.enable_grad():
            seen.append(torch.is_grad_enabled())
        seen.append(torch.is_grad_enabled())
    return [*seen, torch.is_grad_enabled()]


@program
def errors_restore_the_mode(torch: Torch) -> Value:
    def fails() -> None:
        with torch.no_grad():
            raise ValueError("mine")

    return error(fails, "mine"), torch.is_grad_enabled()


@program
def set_at_once(torch: Torch) -> Value:
    seen = []
    torch.set_grad_enabled(False)
    seen.append(torch.is_grad_enabled())
    torch.set_grad_enabled(True)
    with torch.set_grad_enabled(False):
        seen.append(torch.is_grad_enabled())
    seen.append(torch.is_grad_enabled())

    @torch.set_grad_enabled(False)
    def quiet() -> bool:
        return torch.is_grad_enabled()

    return [*seen, torch.is_grad_enabled(), quiet(), torch.is_grad_enabled()]


@program
def decorators(torch: Torch) -> Value:
    @torch.no_grad()
    def called(x: Value) -> Value:
        return x * 2, torch.is_grad_enabled()

    @torch.no_grad
    def bare(x: Value, factor: float = 3.0) -> Value:
        return x * factor

    @torch.inference_mode
    def inferred() -> Value:
        return torch.is_inference_mode_enabled()

    @torch.enable_grad()
    def recorded(x: Value) -> Value:
        return x * 2

    x = leaf(torch)
    with torch.no_grad():
        y = recorded(x)
    return called(x), bare(x), bare(x, factor=4.0), inferred(), y, called.__name__


@program
def generators(torch: Torch) -> Value:
    seen: list[Value] = []

    @torch.no_grad()
    def numbers() -> Value:
        try:
            for number in range(2):
                got = yield number, torch.is_grad_enabled()
                seen.append((got, torch.is_grad_enabled()))
        except KeyError:
            yield "caught", torch.is_grad_enabled()
        finally:
            seen.append(("end", torch.is_grad_enabled()))
        return "result"

    def delegating() -> Value:
        seen.append((yield from numbers()))

    generator = numbers()
    seen.append(next(generator))
    seen.append(torch.is_grad_enabled())
    seen.append(generator.send("sent"))
    seen.append(generator.throw(KeyError()))
    generator.close()
    seen.extend(delegating())
    return seen, torch.is_grad_enabled()


@program
def every_thread_has_its_own(torch: Torch) -> Value:
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    return seen


@program
def views_made_without_recording(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 1
    with torch.no_grad():
        a, b, c = y[0], y[1:], x[0]
        d = torch.zeros(3)[0]
    phrase = "created in no_grad mode"
    with torch.no_grad():
        c.add_(1)
    return (
        [a.requires_grad, a.is_leaf, a._is_view(), a._base is y],
        error(lambda: b.add_(1), phrase),
        error(lambda: (y.mul_(2), a.grad_fn), phrase),
        error(lambda: d.mul_(leaf(torch)[0]), phrase),
        (b.detach() * 1),
        x,
    )


@program
def inference_mode(torch: Torch) -> Value:
    w, normal = leaf(torch), torch.ones(3)
    with torch.inference_mode():
        x = torch.ones(3)
        part, view, y = x[0], normal[0], w * 2
        inside = [torch.is_grad_enabled(), torch.is_inference_mode_enabled()]
        normal.add_(1)
        x.add_(1)
        with torch.inference_mode(False):
            inside += [torch.is_grad_enabled(), torch.is_inference_mode_enabled()]
        with torch.enable_grad():
            recorded = w * 2
    return (
        inside,
        [value.is_inference() for value in (x, part, view, y, recorded, normal)],
        [value.requires_grad for value in (x, part, view, y, recorded, normal)],
        [x._is_view(), part._is_view(), view._is_view()],
        error(lambda: x._version, "Inference tensors do not track version counter"),
        error(lambda: x.add_(1), "Inplace update to inference tensor outside InferenceMode"),
        error(lambda: x * w, "Inference tensors cannot be saved for backward"),
        y + w,
        error(x.requires_grad_, "Setting requires_grad=True on inference tensor"),
        error(lambda: view.mul_(w[0]), "created in inference mode"),
        x.clone().is_inference(),
    )


@program
def packing_saved_tensors(torch: Torch) -> Value:
    log: list[Value] = []
    x = leaf(torch)

    def pack(tensor: Value) -> Value:
        log.append(("pack", tensor is x, tensor.tolist()))
        return tensor.tolist()

    def unpack(values: Value) -> Value:
        log.append("unpack")
        return torch.tensor(values)

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = (x * x).exp()
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    return log, first.detach(), second


@program
def the_innermost_hooks_count(torch: Torch) -> Value:
    log: list[Value] = []
    hooks = torch.autograd.graph.saved_tensors_hooks
    x = leaf(torch)
    with hooks(lambda t: (log.append("outer"), t)[1], lambda t: t):
        with hooks(lambda t: (log.append("inner"), t)[1], lambda t: t):
            x.exp()
        x.exp()
    x.exp()
    return log


@program
def hooks_on_saved_tensors_that_are_refused(torch: Torch) -> Value:
    hooks, graph = torch.autograd.graph.saved_tensors_hooks, torch.autograd.graph
    x = leaf(torch)

    def writes() -> None:
        with hooks(lambda t: t.detach().add_(1), lambda t: t):
            (x * 1).exp()

    def wrong() -> None:
        with hooks(lambda t: 3, lambda t: t):
            y = x.exp()
        y.sum().backward()

    def disabled() -> None:
        with graph.disable_saved_tensors_hooks("not here"), hooks(lambda t: t, lambda t: t):
            pass

    return (
        error(writes, "pack hook is modifying its input in place"),
        error(wrong, "unpack_hook expected to be a Tensor"),
        error(disabled, "not here"),
    )


@program
def saving_on_the_cpu(torch: Torch) -> Value:
    x = leaf(torch)
    with torch.autograd.graph.save_on_cpu():
        y = x.exp() * x
    y.sum().backward()
    return x.grad


@program
def hooks_on_one_saved_tensor(torch: Torch) -> Value:
    x = leaf(torch)
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: t.tolist(), lambda v: torch.tensor(v))
    y.sum().backward()
    return x.grad


@program
def writes_that_were_not_seen(torch: Torch) -> Value:
    x = leaf(torch)
    y = x * 1
    z = y.exp()
    torch.autograd.graph.increment_version(z)
    return z._version, error(z.sum().backward, "modified by an inplace operation")


@program
def anomalies(torch: Torch) -> Value:
    def not_a_number() -> None:
        x = torch.zeros(3, requires_grad=True)
        (x.sqrt() * 0).sum().backward()

    phrase = "returned nan values in its 0th output"
    with torch.autograd.detect_anomaly():
        found = error(not_a_number, f"Function 'SqrtBackward0' {phrase}")
    with torch.autograd.detect_anomaly(check_nan=False):
        unchecked = error(not_a_number, "nothing: NaN is let through")
    torch.autograd.set_detect_anomaly(True)
    at_once = error(not_a_number, phrase)
    with torch.autograd.set_detect_anomaly(False):
        off = error(not_a_number, "nothing: it is off")
    again = error(not_a_number, phrase)
    torch.autograd.set_detect_anomaly(False)
    return found, unchecked, at_once, off, again, error(not_a_number, "nothing: it is off")
