"""A grid of points over a box: the kind of job that takes its time, tells how far it is, and leaves a file."""

import json
import os
import time

from pywps import ComplexOutput, Format, LiteralInput, Process
from pywps.app.exceptions import ProcessError

GEOJSON = Format("application/geo+json", extension=".geojson")


class Grid(Process):
    def __init__(self):
        super().__init__(
            self._handler,
            identifier="grid",
            title="Grid",
            abstract="Points at equal steps over the whole earth, as GeoJSON",
            version="1.0",
            inputs=[
                LiteralInput("rows", "Rows, 2 to 1000", data_type="integer", default=10, min_occurs=0),
                LiteralInput("pause", "Seconds of rest after each row", data_type="float", default=0, min_occurs=0),
            ],
            outputs=[ComplexOutput("grid", "The points", supported_formats=[GEOJSON], as_reference=True)],
            store_supported=True,
            status_supported=True,
        )

    def _handler(self, request, response):
        rows, pause = request.inputs["rows"][0].data, request.inputs["pause"][0].data
        if not 2 <= rows <= 1000:
            raise ProcessError("rows is a number from 2 to 1000")
        points = []
        for row in range(rows):
            points += [point(180 * row / (rows - 1) - 90, 360 * column / rows - 180) for column in range(rows)]
            response.update_status(f"row {row + 1} of {rows}", 100 * row // rows)
            time.sleep(pause)
        path = os.path.join(self.workdir, "grid.geojson")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"type": "FeatureCollection", "features": points}, file)
        response.outputs["grid"].file = path
        return response


def point(latitude, longitude):
    return {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [longitude, latitude]}}
