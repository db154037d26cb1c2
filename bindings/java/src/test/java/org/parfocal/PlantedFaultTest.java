package org.parfocal;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * A fault against JNI's rules, planted to see that {@code -Xcheck:jni} tells of it and that the task runner hears it.
 */
@EnabledIfSystemProperty(named = "parfocal.planted", matches = ".+")
class PlantedFaultTest {
    static native void plant();

    @Test
    void exceptionPending() {
        System.load(System.getProperty("parfocal.planted"));
        plant();
    }
}
