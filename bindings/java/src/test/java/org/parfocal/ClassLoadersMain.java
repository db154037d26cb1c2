package org.parfocal;

import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;

/** Loads Parfocal in one class loader after the other and prints what each said: for {@link RealLoaderTest}. */
final class ClassLoadersMain {
    private ClassLoadersMain() {}

    /**
     * Arguments: the library for the first, the one for the second, and "collect" to drop the first one before the
     * second.
     */
    public static void main(String[] arguments) throws Exception {
        URL place = ChildJvm.place(Parfocal.class).toUri().toURL();
        ClassLoader first = loader(place);
        System.out.println(version(first, arguments[0]));
        if (arguments.length < 3) {
            ClassLoader second = loader(place);
            System.out.println(version(second, arguments[1]));
            System.out.println(version(second, arguments[1]));
            System.out.println(version(first, arguments[0]));
            return;
        }
        first = null;
        long end = System.nanoTime() + 20_000_000_000L;
        String said;
        do {
            System.gc();
            Thread.sleep(50);
            said = version(loader(place), arguments[1]);
        } while (said.contains("another class loader") && System.nanoTime() < end);
        System.out.println(said);
    }

    private static ClassLoader loader(URL place) {
        return new URLClassLoader(new URL[] {place}, null);
    }

    private static String version(ClassLoader loader, String library) throws Exception {
        System.setProperty("parfocal.library", library);
        try {
            return "version "
                    + loader.loadClass("org.parfocal.Parfocal")
                            .getMethod("version")
                            .invoke(null);
        } catch (InvocationTargetException e) {
            return e.getCause().getClass().getSimpleName() + ": " + e.getCause().getMessage();
        }
    }
}
