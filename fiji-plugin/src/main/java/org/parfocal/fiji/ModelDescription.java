package org.parfocal.fiji;

import com.eclipsesource.json.Json;
import com.eclipsesource.json.JsonObject;
import com.eclipsesource.json.JsonValue;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The description of an opened model and of where it runs. */
final class ModelDescription {
    private final JsonObject json;

    private ModelDescription(JsonObject json) {
        this.json = json;
    }

    /** Parses the text of {@link org.parfocal.ParfocalModel#describe()}. */
    static ModelDescription parse(String text) {
        return new ModelDescription(Json.parse(text).asObject());
    }

    String name() {
        return text("name");
    }

    String version() {
        return text("version");
    }

    String sha256() {
        return text("sha256");
    }

    /** The device in use, proved by a trial run. */
    String device() {
        return text("device");
    }

    String precision() {
        return text("precision");
    }

    int threads() {
        return json.getInt("threads", 0);
    }

    /** Pixels around a pixel that its result depends on, measured on the trained network. */
    int halo() {
        return json.getInt("halo", 0);
    }

    /** Assumptions, and why a device was not used. */
    List<String> warnings() {
        return strings(json.get("warnings"));
    }

    /** A value as text, also a number or a list; "" if missing. */
    String text(String key) {
        JsonValue value = json.get(key);
        if (value == null || value.isNull()) {
            return "";
        }
        return value.isString() ? value.asString() : value.toString();
    }

    /** The whole description. */
    JsonObject json() {
        return json;
    }

    /** The texts of a list; empty if there is no list. */
    static List<String> strings(JsonValue list) {
        if (list == null || !list.isArray()) {
            return Collections.emptyList();
        }
        List<String> strings = new ArrayList<>();
        for (JsonValue value : list.asArray()) {
            strings.add(value.isString() ? value.asString() : value.toString());
        }
        return strings;
    }
}
