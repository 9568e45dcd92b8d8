"""An ONNX graph, written one operation after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from texturekit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Value = str | NDArray[Any] | float

#: Versions of the operators: what torch's exporter writes, and trees with double thresholds.
OPSET, OPSET_ML = 20, 3
_IR = 10
ML = "ai.onnx.ml"
#: Protocol buffers end here; names and shapes want some room.
MOST_BYTES = 2**31 - 2**24


class Graph:
    """Operations, constants and inputs; values go by their names.

    Numbers are float64 throughout unless cast.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: list[Any] = []
        self.opset, self.ir = OPSET, _IR
        self.bytes = self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def input(self, name: str, dtype: Any, shape: Sequence[int | str]) -> str:
        """Add an input."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def constant(self, values: Any) -> str:
        """Add numbers; floats become float64."""
        from onnx import numpy_helper

        name = self._name()
        array = np.ascontiguousarray(values) if np.ndim(values) else np.array(values)
        self.constants.append(numpy_helper.from_array(array, name))
        self.bytes += array.nbytes
        return name

    def op(self, kind: str, *values: Value | None, outputs: int = 1, **attributes: Any) -> Any:
        """Add an operation; arrays among its inputs become constants.

        Returns
        -------
        str, or list of str
            Names of what it gives.
        """
        from onnx import helper

        names = [
            "" if value is None else value if isinstance(value, str) else self.constant(value)
            for value in values
        ]
        given = [self._name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, given, **attributes))
        return given[0] if outputs == 1 else given

    def cast(self, value: str, dtype: Any) -> str:
        """Change the type of numbers."""
        from onnx import helper

        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return str(self.op("Cast", value, to=kind))

    def adopt(self, model: Any, prefix: str) -> dict[str, str]:
        """Take in another model with its inputs; return what its outputs are called here."""
        from onnx import compose

        told = compose.add_prefix(model, prefix, rename_inputs=False)
        assert not told.functions
        self.nodes += told.graph.node
        self.constants += told.graph.initializer
        self.bytes += model.ByteSize()
        for given in told.graph.input:
            given.type.tensor_type.shape.dim[0].dim_param = "n"
            self.inputs.append(given)
        self.opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
        self.ir = max(self.ir, model.ir_version)
        return {o.name: prefix + o.name for o in model.graph.output}

    def model(self, outputs: dict[str, tuple[str, int]]) -> Any:
        """Return the graph as an ``onnx.ModelProto``.

        Parameters
        ----------
        outputs : dict of (str, int)
            By name the value and its number of columns; all are (n, columns) float64.

        Raises
        ------
        ModelError
            If it is larger than a file of ONNX can be.
        """
        from onnx import TensorProto, checker, helper

        if self.bytes > MOST_BYTES:
            raise ModelError(
                f"the file would take {self.bytes / 1e9:.1f} GB, but ONNX ends at 2.1 GB; train a "
                "smaller model, or a classifier that keeps no training rows (logistic)."
            )

        told = []
        for name, (value, width) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
            told.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["n", width]))
        graph = helper.make_graph(self.nodes, "texturekit", self.inputs, told, self.constants)
        opsets = [helper.make_opsetid("", self.opset), helper.make_opsetid(ML, OPSET_ML)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=self.ir)
        checker.check_model(model, full_check=True)
        return model
