package org.parfocal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program in the README compiles and runs. */
@NeedsLibrary
class ReadmeTest {
    @TempDir
    Path temporary;

    @Test
    void theFirstProgramRuns() throws IOException {
        String text = new String(Files.readAllBytes(Paths.get(System.getProperty("basedir"), "README.md")), "UTF-8");
        Matcher program = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(text);
        assertTrue(program.find());
        Path source =
                Files.write(temporary.resolve("First.java"), program.group(1).getBytes("UTF-8"));
        String classes = ChildJvm.place(Parfocal.class).toString();
        assertEquals(
                0,
                ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-cp", classes, "-d", temporary.toString(), source.toString()));
        assertEquals(
                "3072 pixels restored",
                new ChildJvm().withLibrary().classPath(temporary).run("First"));
    }
}
