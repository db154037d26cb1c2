package org.parfocal.fiji;

import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import java.util.LinkedHashSet;
import java.util.Set;

/** The engine's reports of one or several runs, added up. */
final class RunReport {
    private boolean ran;
    private long nonfinite;
    private long constantPlanes;
    private double networkMs;
    private String tile = "";
    private final Set<String> warnings = new LinkedHashSet<>();

    /** Parses the text of {@link org.parfocal.ParfocalTask#describe()}. */
    static RunReport parse(String text) {
        RunReport report = new RunReport();
        JsonValue value = Json.parse(text).asObject().get("report");
        if (value != null && value.isObject()) {
            JsonObject json = value.asObject();
            report.ran = true;
            report.nonfinite = number(json.get("nonfinite"));
            report.constantPlanes = number(json.get("constant_planes"));
            report.networkMs = json.getDouble("network_ms", 0);
            JsonValue tile = json.get("tile");
            report.tile = tile == null || tile.isNull() ? "" : tile.toString();
            report.warnings.addAll(ModelDescription.strings(json.get("warnings")));
        }
        return report;
    }

    private static long number(JsonValue value) {
        return value == null || value.isNull()
                ? 0
                : value.isArray() ? value.asArray().size() : value.asLong();
    }

    /** Adds another run of the same command. */
    void add(RunReport other) {
        ran |= other.ran;
        nonfinite += other.nonfinite;
        constantPlanes += other.constantPlanes;
        networkMs += other.networkMs;
        tile = other.tile.isEmpty() ? tile : other.tile;
        warnings.addAll(other.warnings);
    }

    /** Whether there was a run. */
    boolean ran() {
        return ran;
    }

    /** Samples that are NaN or infinite and came back as they were. */
    long nonfinite() {
        return nonfinite;
    }

    /** Constant planes, which came back as they were. */
    long constantPlanes() {
        return constantPlanes;
    }

    /** Time inside ONNX Runtime, in milliseconds. */
    double networkMs() {
        return networkMs;
    }

    /** The side of a tile; "" if planes ran whole. */
    String tile() {
        return tile;
    }

    Set<String> warnings() {
        return warnings;
    }
}
