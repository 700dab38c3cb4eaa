"""The distance between two points of the earth."""

from math import asin, cos, radians, sin, sqrt

from pywps import LiteralInput, LiteralOutput, Process

#: Mean radius of the earth, km.
RADIUS = 6371.0088


class Distance(Process):
    def __init__(self):
        degrees = {"data_type": "float", "min_occurs": 1}
        super().__init__(
            self._handler,
            identifier="distance",
            title="Distance",
            abstract="The great-circle distance between two points, in km",
            version="1.0",
            inputs=[LiteralInput(name, "Degrees", **degrees) for name in ("lat1", "lon1", "lat2", "lon2")],
            outputs=[LiteralOutput("distance", "Distance in km", data_type="float")],
            store_supported=True,
            status_supported=True,
        )

    def _handler(self, request, response):
        lat1, lon1, lat2, lon2 = (radians(request.inputs[name][0].data) for name in ("lat1", "lon1", "lat2", "lon2"))
        half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
        response.outputs["distance"].data = round(2 * RADIUS * asin(sqrt(half)), 3)
        return response
