"""Draws properties.png: the adapter's properties in a real property browser, after a short acquisition with the
simulated camera.

Needs `pip install pymmcore-widgets==0.12.1 PyQt6==6.11.0 mm-test-adapters==75.20261014.post1 pymmcore==12.5.1.75.0`,
and in PARFOCAL_ADAPTER the folder of the unpacked package (`cargo xtask package micromanager`). No display is needed.
"""

import os
import pathlib

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import mm_test_adapters
from pymmcore_plus import CMMCorePlus
from pymmcore_widgets import PropertiesWidget
from qtpy.QtWidgets import QApplication


def main() -> None:
    application = QApplication([])
    core = CMMCorePlus.instance()
    core.setDeviceAdapterSearchPaths([str(mm_test_adapters.device_adapter_path()), os.environ["PARFOCAL_ADAPTER"]])
    core.loadDevice("Camera", "DemoCamera", "DCam")
    core.loadDevice("Restore", "Parfocal", "Parfocal")
    core.initializeAllDevices()
    core.setCameraDevice("Camera")
    core.setProperty("Core", "ImageProcessor", "Restore")
    core.setProperty("Restore", "Device", "cpu")
    for _ in range(5):
        core.snapImage()
        core.getImage()
    widget = PropertiesWidget(property_name_pattern=".*", device_label="^Restore$", mmcore=core)
    widget.setWindowTitle("Restore: Parfocal")
    widget.resize(620, widget.sizeHint().height())
    widget.show()
    application.processEvents()
    widget.grab().save(str(pathlib.Path(__file__).with_name("properties.png")))


if __name__ == "__main__":
    main()
