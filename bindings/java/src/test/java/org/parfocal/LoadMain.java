package org.parfocal;

/**
 * Loads the library and prints what came of it, twice: for {@link LoaderTest}. Arguments: none; or what changes in
 * between, as "delete" and a file, or as a system property and its new value; or "made for" and the interface and
 * version of the Java part.
 */
final class LoadMain {
    private LoadMain() {}

    public static void main(String[] arguments) {
        if (arguments.length > 0 && arguments[0].equals("made for")) {
            Libraries libraries = new Libraries(Integer.parseInt(arguments[1]), arguments[2]);
            System.out.println(attempt(() -> "loaded " + libraries.load(false)));
            System.out.println(attempt(() -> "loaded " + libraries.load(false)));
            return;
        }
        String first = attempt(LoadMain::load);
        System.out.println(first);
        if (arguments.length > 0) {
            mend(arguments);
        }
        String second = attempt(LoadMain::load);
        if (!second.equals(first)) {
            System.out.println("then otherwise: " + second);
        }
    }

    /** What somebody does while the program runs. */
    private static void mend(String[] arguments) {
        if (arguments[0].equals("delete")) {
            new java.io.File(arguments[1]).delete();
        } else {
            System.setProperty(arguments[0], arguments[1]);
        }
    }

    private static String load() {
        return "loaded " + Parfocal.libraryPath() + " " + Parfocal.abiVersion();
    }

    private static String attempt(java.util.function.Supplier<String> call) {
        try {
            return call.get();
        } catch (ParfocalException e) {
            return e.status() + ": " + e.getMessage();
        }
    }
}
