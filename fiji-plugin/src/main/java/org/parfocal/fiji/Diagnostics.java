package org.parfocal.fiji;

import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import ij.IJ;
import ij.ImageJ;
import ij.plugin.PlugIn;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.parfocal.Parfocal;

/** The command {@code Plugins > Parfocal > About and Diagnostics...}: versions, and what works here or is missing. */
public final class Diagnostics implements PlugIn {
    @Override
    public void run(String argument) {
        try {
            IJ.showStatus("Looking at what runs here...");
            report().show();
        } catch (RuntimeException | LinkageError | OutOfMemoryError failure) {
            Messages.error(failure);
        } finally {
            IJ.showStatus("");
        }
    }

    /** Never fails: a library that does not load is part of the report. */
    static TextReport report() {
        TextReport report = new TextReport("Parfocal: About and Diagnostics");
        report.part("Parfocal restores out-of-focus microscope images. A restored image is an estimate: keep the "
                + "original.");
        JsonObject doctor = null;
        try {
            doctor = Json.parse(Parfocal.doctor()).asObject();
            if (doctor.getBoolean("ok", false)) {
                report.part("All is well: the library, ONNX Runtime and the model work here.");
            } else {
                report.part("Something is missing").list(ModelDescription.strings(doctor.get("problems")));
            }
        } catch (RuntimeException | LinkageError failure) {
            report.part("The library of Parfocal does not work here")
                    .list(Collections.singletonList(Messages.explain(failure)));
        }
        report.part("Versions")
                .line("Plugin", version(Diagnostics.class))
                .line("Java library", version(Parfocal.class));
        if (doctor != null) {
            library(report, doctor);
        }
        report.line("ImageJ", ImageJ.VERSION + ImageJ.BUILD + (IJ.getInstance() == null ? ", without a window" : ""))
                .line("Java", System.getProperty("java.version") + ", " + System.getProperty("java.vendor"))
                .line("Java's folder", System.getProperty("java.home"))
                .line(
                        "System",
                        System.getProperty("os.name") + " " + System.getProperty("os.version") + ", "
                                + System.getProperty("os.arch"))
                .line("Processors", Runtime.getRuntime().availableProcessors())
                .line("Memory of ImageJ", IJ.freeMemory());
        if (doctor != null && doctor.get("model") != null && doctor.get("model").isObject()) {
            model(report, ModelDescription.parse(doctor.get("model").toString()));
        }
        if (doctor != null) {
            report.part("Other devices").list(devices(doctor.get("devices")));
            List<String> log = ModelDescription.strings(doctor.get("runtime_log"));
            if (!log.isEmpty()) {
                report.part("What ONNX Runtime logged").list(log);
            }
        }
        return report;
    }

    private static void library(TextReport report, JsonObject doctor) {
        report.line(
                        "Engine",
                        doctor.getString("version", "") + ", ABI " + Parfocal.abiVersion() + ", "
                                + doctor.getString("platform", ""))
                .line("Its file", Parfocal.libraryPath())
                .line("ONNX Runtime", text(doctor.get("runtime_version"), "none"))
                .line("Its file", text(doctor.get("runtime_path"), "none"))
                .line("Needed of it", doctor.getString("runtime_needed", ""));
    }

    /** A short description; Model Information has all of it. Without ONNX Runtime only its name is known. */
    private static void model(TextReport report, ModelDescription model) {
        report.part("The model inside").line("Name", model.name()).line("SHA-256", model.sha256());
        if (!model.device().isEmpty()) {
            report.line(
                    "Runs on",
                    model.device() + " (" + model.precision() + ", " + model.threads() + " threads), proved by a run");
            if (!model.warnings().isEmpty()) {
                report.part("Warnings").list(model.warnings());
            }
        }
    }

    private static List<String> devices(JsonValue devices) {
        List<String> lines = new ArrayList<>();
        if (devices != null && devices.isArray()) {
            for (JsonValue value : devices.asArray()) {
                JsonObject device = value.asObject();
                lines.add(device.getString("device", "")
                        + (device.getBoolean("in_runtime", false)
                                ? ": this ONNX Runtime has it; it needs "
                                : ": not in this ONNX Runtime; it needs ")
                        + device.getString("needs", ""));
            }
        }
        return lines;
    }

    private static String text(JsonValue value, String fallback) {
        return value != null && value.isString() ? value.asString() : fallback;
    }

    /** The version in the jar's manifest. */
    private static String version(Class<?> of) {
        String version = of.getPackage() == null ? null : of.getPackage().getImplementationVersion();
        return version == null ? "not packaged" : version;
    }
}
