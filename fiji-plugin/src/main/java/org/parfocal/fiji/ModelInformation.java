package org.parfocal.fiji;

import com.eclipsesource.json.JsonArray;
import com.eclipsesource.json.JsonValue;
import ij.IJ;
import ij.Macro;
import ij.gui.GenericDialog;
import ij.plugin.PlugIn;
import ij.plugin.frame.Recorder;
import java.awt.Choice;
import java.awt.GraphicsEnvironment;
import java.awt.TextField;

/** The command {@code Plugins > Parfocal > Model Information...}: describes a model and the device that runs it. */
public final class ModelInformation implements PlugIn {
    private static final String TITLE = "Model Information";
    private static final String REPORT_TITLE = "Parfocal: Model Information";

    @Override
    public void run(String argument) {
        Messages.command(TITLE, ModelInformation::ask);
        IJ.showStatus("");
    }

    private static void ask() {
        String path = "";
        String device = "auto";
        String options = Macro.getOptions();
        if (options != null) {
            MacroOptions macro = new MacroOptions(TITLE, options, "model", "device");
            path = macro.text("model", path);
            device = macro.text("device", device);
        } else if (!GraphicsEnvironment.isHeadless()) {
            GenericDialog dialog = new GenericDialog(TITLE);
            ModelChoice.add(dialog, path, 30);
            dialog.addChoice("Device", new String[] {"auto", "cpu", "cuda"}, device);
            dialog.showDialog();
            if (dialog.wasCanceled()) {
                return;
            }
            // One key of a macro for both fields.
            String chosen = ((Choice) dialog.getChoices().get(0)).getSelectedItem();
            path = ModelChoice.read(
                    chosen, ((TextField) dialog.getStringFields().get(0)).getText());
            device = ((Choice) dialog.getChoices().get(1)).getSelectedItem();
            if (Recorder.record) {
                Recorder.recordOption("model", chosen.equals(ModelChoice.FILE) ? path : chosen);
                Recorder.recordOption("device", device);
            }
        }
        IJ.showStatus("Opening the model...");
        report(path, device).show();
    }

    /** Opens the model, unless it is open already, and describes it. */
    static TextReport report(String path, String device) {
        TextReport report = new TextReport(REPORT_TITLE);
        try (Models.Lease lease = Models.lease(path, device.isEmpty() ? "" : "device=" + device)) {
            describe(report, lease.description());
        }
        return report;
    }

    /** Adds the description of an opened model. */
    static void describe(TextReport report, ModelDescription model) {
        report.part("Model")
                .line("Name", model.name())
                .line("Version", model.version())
                .line("SHA-256", model.sha256())
                .line("Licence", model.text("license"))
                .line("Description", model.text("description"))
                .line("Modalities", model.text("modalities").replace(",", ", "))
                .line("Pixel size", range(model.json().get("pixel_size_um"), "micrometres"))
                .line("Context", model.halo() + " pixels around each pixel (halo)");
        report.part("Runs on")
                .line("Device", model.device() + ", proved by a run")
                .line("Device asked for", model.text("device_requested"))
                .line("Precision", model.precision())
                .line("Threads", model.threads())
                .line("Memory for a run", "at most " + model.text("memory_mib") + " MiB")
                .line("ONNX Runtime", model.text("runtime_version"))
                .line("Its file", model.text("runtime_path"));
        report.part("Warnings");
        report.list(model.warnings());
    }

    private static String range(JsonValue value, String unit) {
        if (value == null || !value.isArray()) {
            return "not stated";
        }
        JsonArray range = value.asArray();
        return range.get(0) + " to " + range.get(1) + " " + unit;
    }
}
