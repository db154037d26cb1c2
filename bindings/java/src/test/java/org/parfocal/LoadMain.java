package org.parfocal;

/** Loads the library and prints what came of it, twice: for {@link LoaderTest}. */
final class LoadMain {
    private LoadMain() {}

    public static void main(String[] arguments) {
        if (arguments.length > 0) {
            System.out.println(attempt(() -> "loaded " + new Libraries(Integer.parseInt(arguments[0])).load(false)));
            return;
        }
        String first = attempt(LoadMain::load);
        System.out.println(first);
        String second = attempt(LoadMain::load);
        if (!second.equals(first)) {
            System.out.println("then otherwise: " + second);
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
