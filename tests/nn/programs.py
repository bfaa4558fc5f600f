"""Small programs about modules, for gnomon and for PyTorch: each returns what it saw."""

# ruff: noqa: ANN401  # the values are those of two libraries

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from types import ModuleType
from typing import Any

Program = Callable[[ModuleType], list[Any]]


def two_layers(torch: ModuleType) -> Any:
    torch.manual_seed(7)
    nn = torch.nn
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def forward_hooks_run_in_order_and_replace(torch: ModuleType) -> list[Any]:
    layer, log = torch.nn.Linear(2, 2), []

    def pre(module: Any, args: Any) -> Any:
        log.append(("pre", type(args).__name__, len(args)))
        return args[0] * 2

    def pre_with_kwargs(module: Any, args: Any, kwargs: Any) -> Any:
        log.append(("pre with kwargs", len(args), sorted(kwargs)))
        return args, kwargs

    def post(module: Any, args: Any, output: Any) -> Any:
        log.append(("post", args[0].clone(), output.shape))
        return output + 1

    def first(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        log.append(("first", sorted(kwargs), output.detach()))

    handles = [
        layer.register_forward_pre_hook(pre),
        layer.register_forward_pre_hook(pre_with_kwargs, with_kwargs=True, prepend=True),
        layer.register_forward_hook(post),
        layer.register_forward_hook(first, with_kwargs=True, prepend=True),
    ]
    x = torch.ones(1, 2)
    results = [layer(x)]
    for handle in handles:
        handle.remove()
    results.append(layer(x))
    results.append(layer(input=x))
    return [*log, *results, len(layer._forward_hooks), len(layer._forward_pre_hooks)]


def hooks_that_must_run_do_so_after_an_error(torch: ModuleType) -> list[Any]:
    class Broken(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            raise ValueError("broken")

    module, log = Broken(), []
    module.register_forward_hook(lambda *args: log.append("plain"))
    module.register_forward_hook(lambda *args: log.append(args[2]), always_call=True)
    module.register_forward_hook(lambda *args: 1 / 0, always_call=True)
    try:
        module(1)
    except ValueError as error:
        log.append(str(error))
    return log


def a_pre_hook_with_kwargs_must_return_a_pair(torch: ModuleType) -> list[Any]:
    layer = torch.nn.Linear(1, 1)
    layer.register_forward_pre_hook(lambda module, args, kwargs: args, with_kwargs=True)
    try:
        layer(torch.ones(1, 1))
    except RuntimeError as error:
        return [type(error).__name__]
    return []


def backward_hooks_see_and_replace_gradients(torch: ModuleType) -> list[Any]:
    net, log = two_layers(torch), []
    x = torch.ones(2, 3, requires_grad=True)

    def pre(module: Any, grad_output: Any) -> Any:
        log.append(("pre", grad_output))
        return (grad_output[0] * 3,)

    def post(module: Any, grad_input: Any, grad_output: Any) -> Any:
        log.append(("post", grad_input, grad_output))
        return (grad_input[0] * 2,)

    net[2].register_full_backward_pre_hook(pre)
    net[2].register_full_backward_hook(post)
    net.register_full_backward_hook(lambda m, gi, go: log.append(("whole", gi, go)))
    y = net(x)
    y.square().sum().backward()
    return [*log, y.grad_fn.name(), x.grad, *[p.grad for p in net.parameters()]]


def backward_hooks_without_gradients_of_inputs(torch: ModuleType) -> list[Any]:
    net, log = two_layers(torch), []
    net.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
    net(torch.ones(2, 3)).sum().backward()
    return log


def backward_hooks_of_several_inputs_and_outputs(torch: ModuleType) -> list[Any]:
    class Pair(torch.nn.Module):
        def forward(self, x: Any, number: Any, y: Any) -> Any:
            return x * number, "text", (x + y).sum()

    module, log = Pair(), []
    module.register_full_backward_hook(lambda m, gi, go: log.append((gi, go)))
    x, y = torch.ones(2, requires_grad=True), torch.ones(2)
    first, _, second = module(x, 3.0, y)
    (first.sum() + second).backward()
    first, _, second = module(x, 3.0, y)
    second.backward()
    return [*log, x.grad]


def backward_hooks_return_the_right_number(torch: ModuleType) -> list[Any]:
    layer, errors = torch.nn.Linear(1, 1), []
    x = torch.ones(1, 1, requires_grad=True)
    handle = layer.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    for _ in range(2):
        try:
            layer(x).sum().backward()
        except RuntimeError as error:
            errors.append(type(error).__name__)
        handle.remove()
        handle = layer.register_full_backward_pre_hook(lambda m, go: (go[0], go[0]))
    return errors


def the_two_kinds_of_backward_hooks_exclude_each_other(torch: ModuleType) -> list[Any]:
    layer, log = torch.nn.Linear(1, 1, bias=False), []
    layer.register_backward_hook(lambda m, gi, go: log.append(go))
    try:
        layer.register_full_backward_hook(lambda m, gi, go: None)
    except RuntimeError as error:
        log.append(type(error).__name__)
    layer(torch.ones(2, 1)).square().sum().backward()
    return log


def hooks_of_every_module(torch: ModuleType) -> list[Any]:
    everywhere, log = torch.nn.modules.module, []
    net = two_layers(torch)
    x = torch.ones(1, 3, requires_grad=True)
    handles = [
        everywhere.register_module_forward_pre_hook(
            lambda m, args: log.append(("pre", type(m).__name__))
        ),
        everywhere.register_module_forward_hook(
            lambda m, args, out: log.append(("post", type(m).__name__, out.shape))
        ),
        everywhere.register_module_full_backward_hook(
            lambda m, gi, go: log.append(("backward", type(m).__name__, gi))
        ),
        everywhere.register_module_parameter_registration_hook(
            lambda m, name, p: log.append(("parameter", name))
        ),
        everywhere.register_module_module_registration_hook(
            lambda m, name, child: log.append(("module", name))
        ),
        everywhere.register_module_buffer_registration_hook(
            lambda m, name, buffer: log.append(("buffer", name))
        ),
    ]
    net(x).sum().backward()
    net[0].extra = torch.nn.Linear(1, 1)
    net.register_buffer("mean", torch.ones(1))
    for handle in handles:
        handle.remove()
    net(x).sum().backward()
    return log


def state_hooks(torch: ModuleType) -> list[Any]:
    net, log = two_layers(torch), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: log.append((prefix, keep)))
    net[0].register_state_dict_post_hook(lambda m, state, p, meta: log.append((p, meta)))
    net[2]._register_state_dict_hook(lambda m, state, p, meta: None)
    state = net.state_dict()
    state.pop("0.bias")
    state["more"] = torch.ones(1)
    net[0].register_load_state_dict_pre_hook(
        lambda m, state, p, *rest: log.append((type(m).__name__, p, rest[1]))
    )

    def forgive(module: Any, keys: Any) -> None:
        log.append((list(keys.missing_keys), list(keys.unexpected_keys)))
        keys.missing_keys.clear()
        keys.unexpected_keys.clear()

    net.register_load_state_dict_post_hook(forgive)
    return [*log, net.load_state_dict(state), *log]


def a_report_of_what_does_not_match(torch: ModuleType) -> list[Any]:
    net = two_layers(torch)
    state = net.state_dict()
    del state["2.bias"]
    state["0.weight"] = torch.ones(4, 5)
    state["0.more"] = state["3.weight"] = torch.ones(1)
    state["2.weight"] = 5
    try:
        net.load_state_dict(state)
    except RuntimeError as error:
        return str(error).replace("gnomon", "torch").split("\n")
    return []


def extra_state_travels_with_the_state(torch: ModuleType) -> list[Any]:
    class Counting(torch.nn.Module):
        def __init__(self, count: int) -> None:
            super().__init__()
            self.count = count

        def get_extra_state(self) -> int:
            return self.count

        def set_extra_state(self, state: int) -> None:
            self.count = state

    a = torch.nn.Sequential(Counting(3))
    b = torch.nn.Sequential(Counting(4))
    log: list[Any] = [dict(a.state_dict()), b.load_state_dict(a.state_dict()), b[0].count]
    try:
        b.load_state_dict({})
    except RuntimeError as error:
        log.append(str(error))
    return log


def a_copy_is_independent(torch: ModuleType) -> list[Any]:
    net = two_layers(torch)
    net.register_buffer("mean", torch.ones(2))
    net.note = "kept"
    copies = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    with torch.no_grad():
        net[0].weight.zero_()
    net.mean += 1
    return [
        value
        for other in copies
        for value in (other, other.note, other[0].weight, other.mean, other.training)
    ]


def shared_parameters_stay_shared_in_a_copy(torch: ModuleType) -> list[Any]:
    net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    net[1].weight = net[0].weight
    other = copy.deepcopy(net)
    return [other[0].weight is other[1].weight, len(list(other.parameters()))]


def modules_of_ones_own(torch: ModuleType) -> list[Any]:
    nn = torch.nn

    class Product(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left = nn.Linear(2, 3)
            self.right = nn.Linear(2, 3)
            self.scale = nn.Parameter(torch.tensor(0.5))
            self.register_buffer("shift", torch.arange(3.0))
            self.unused = None
            self.heads = nn.ModuleList([nn.Linear(3, 1) for _ in range(2)])

        def extra_repr(self) -> str:
            return "scale=learned\nshift=fixed"

        def forward(self, x: Any, *, double: bool = False) -> Any:
            y = self.left(x) * self.right(x) * self.scale + self.shift
            return sum(head(y) for head in self.heads) * (2 if double else 1)

    module = Product()
    y = module(torch.ones(4, 2), double=True)
    y.sum().backward()
    module.unused = nn.Identity()
    gradients = [p.grad for p in module.parameters()]
    return [repr(module), y, list(module.state_dict()), *gradients]


def training_follows_the_same_path(torch: ModuleType) -> list[Any]:
    torch.manual_seed(3)
    net = torch.nn.Sequential(
        torch.nn.Linear(4, 8),
        torch.nn.PReLU(),
        torch.nn.Dropout(0.25),
        torch.nn.Linear(8, 3),
    )
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    x, target = torch.randn(16, 4), torch.randint(0, 3, (16,))
    losses = []
    for _ in range(5):
        net.zero_grad()
        loss = criterion(net(x), target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        with torch.no_grad():
            for parameter in net.parameters():
                parameter -= 0.5 * parameter.grad
        losses.append(loss.detach())
    return losses


PROGRAMS: list[Program] = [
    forward_hooks_run_in_order_and_replace,
    hooks_that_must_run_do_so_after_an_error,
    a_pre_hook_with_kwargs_must_return_a_pair,
    backward_hooks_see_and_replace_gradients,
    backward_hooks_without_gradients_of_inputs,
    backward_hooks_of_several_inputs_and_outputs,
    backward_hooks_return_the_right_number,
    the_two_kinds_of_backward_hooks_exclude_each_other,
    hooks_of_every_module,
    state_hooks,
    a_report_of_what_does_not_match,
    extra_state_travels_with_the_state,
    a_copy_is_independent,
    shared_parameters_stay_shared_in_a_copy,
    modules_of_ones_own,
    training_follows_the_same_path,
]
