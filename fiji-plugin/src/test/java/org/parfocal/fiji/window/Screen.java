package org.parfocal.fiji.window;

import java.awt.AWTException;
import java.awt.Button;
import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.Component;
import java.awt.Container;
import java.awt.Dialog;
import java.awt.Frame;
import java.awt.Point;
import java.awt.Rectangle;
import java.awt.Robot;
import java.awt.Window;
import java.awt.event.InputEvent;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import javax.imageio.ImageIO;

/** A user before ImageJ's windows: finds them by title, clicks with the mouse, waits, and takes pictures. */
final class Screen {
    private static final long PATIENCE_MS = 60_000;

    private final Robot robot;

    Screen() throws AWTException {
        robot = new Robot();
        robot.setAutoDelay(30);
    }

    /** Waits until something is there. */
    <T> T await(String what, Callable<T> look) throws Exception {
        long end = System.currentTimeMillis() + PATIENCE_MS;
        while (true) {
            T found = look.call();
            if (found != null && !Boolean.FALSE.equals(found)) {
                return found;
            }
            if (System.currentTimeMillis() > end) {
                throw new IllegalStateException("waited in vain for " + what + "; windows: " + titles());
            }
            Thread.sleep(50);
        }
    }

    /** The window whose title begins so. */
    Window window(String title) throws Exception {
        Window window = await("the window " + title, () -> {
            for (Window each : Window.getWindows()) {
                if (each.isShowing() && titleOf(each).startsWith(title)) {
                    return each;
                }
            }
            return null;
        });
        settle();
        return window;
    }

    boolean isOpen(String title) {
        for (Window each : Window.getWindows()) {
            if (each.isShowing() && titleOf(each).startsWith(title)) {
                return true;
            }
        }
        return false;
    }

    List<String> titles() {
        List<String> titles = new ArrayList<>();
        for (Window each : Window.getWindows()) {
            if (each.isShowing()) {
                titles.add(titleOf(each));
            }
        }
        return titles;
    }

    private static String titleOf(Window window) {
        String title = window instanceof Frame
                ? ((Frame) window).getTitle()
                : window instanceof Dialog ? ((Dialog) window).getTitle() : "";
        return title == null ? "" : title;
    }

    /** A button, checkbox or other component of a class whose label begins so ("" is any). */
    static <T extends Component> T find(Container in, Class<T> type, String label) {
        for (Component each : in.getComponents()) {
            if (type.isInstance(each) && labelOf(each).startsWith(label)) {
                return type.cast(each);
            }
            if (each instanceof Container) {
                T found = find((Container) each, type, label);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private static String labelOf(Component component) {
        // ImageJ's buttons are widened by spaces.
        return component instanceof Button
                ? ((Button) component).getLabel().trim()
                : component instanceof Checkbox
                        ? ((Checkbox) component).getLabel().trim()
                        : "";
    }

    void press(Window window, String button) throws Exception {
        Button found = find(window, Button.class, button);
        if (found == null) {
            throw new IllegalStateException(titleOf(window) + ": no button " + button);
        }
        click(found);
    }

    void tick(Window window, String label, boolean on) throws Exception {
        Checkbox found = find(window, Checkbox.class, label);
        if (found == null) {
            throw new IllegalStateException(titleOf(window) + ": no checkbox " + label);
        }
        if (found.getState() != on) {
            click(found);
            await(label + " to be " + (on ? "ticked" : "empty"), () -> found.getState() == on);
        }
    }

    void choose(Window window, String item) {
        Choice found = choice(window, item);
        if (found == null) {
            throw new IllegalStateException(titleOf(window) + ": no choice has the item " + item);
        }
        found.select(item);
        // As a mouse would: listeners are told.
        for (java.awt.event.ItemListener listener : found.getItemListeners()) {
            listener.itemStateChanged(new java.awt.event.ItemEvent(
                    found, java.awt.event.ItemEvent.ITEM_STATE_CHANGED, item, java.awt.event.ItemEvent.SELECTED));
        }
    }

    private static Choice choice(Container in, String item) {
        for (Component each : in.getComponents()) {
            if (each instanceof Choice) {
                for (int i = 0; i < ((Choice) each).getItemCount(); i++) {
                    if (((Choice) each).getItem(i).equals(item)) {
                        return (Choice) each;
                    }
                }
            } else if (each instanceof Container) {
                Choice found = choice((Container) each, item);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    private void click(Component component) throws Exception {
        settle();
        Point corner = component.getLocationOnScreen();
        // Checkboxes have their box at the left.
        int x = component instanceof Checkbox ? 10 : component.getWidth() / 2;
        robot.mouseMove(corner.x + x, corner.y + component.getHeight() / 2);
        robot.mousePress(InputEvent.BUTTON1_DOWN_MASK);
        robot.mouseRelease(InputEvent.BUTTON1_DOWN_MASK);
        settle();
    }

    void settle() throws Exception {
        robot.waitForIdle();
        Thread.sleep(250);
    }

    /** A window that has just come may be moved once more by the window manager. */
    void place(Window window, int x, int y) throws Exception {
        await("the window to stay at its place", () -> {
            window.setLocation(x, y);
            settle();
            settle();
            return Math.abs(window.getX() - x) < 5 && Math.abs(window.getY() - y) < 5;
        });
    }

    /** Moves what else is open away from a part of the screen. */
    private void clear(Rectangle area, Window... but) throws Exception {
        for (Window window : Window.getWindows()) {
            if (window.isShowing()
                    && !Arrays.asList(but).contains(window)
                    && window.getBounds().intersects(area)) {
                place(window, 700, 760);
            }
        }
    }

    /** One picture of some windows as they stand, with a little of what is around them. */
    void picture(File file, Window... windows) throws Exception {
        Rectangle area = windows[0].getBounds();
        for (Window window : windows) {
            area = area.union(window.getBounds());
        }
        area.grow(4, 4);
        clear(area, windows);
        // The mouse pointer is not in pictures, but what it hovers over is lit.
        robot.mouseMove(5, 1190);
        for (Window window : windows) {
            window.toFront();
            // ImageJ draws the line above an image anew without wiping the old one.
            window.repaint();
        }
        settle();
        write(robot.createScreenCapture(area), file);
    }

    /** Fewer shades, so that noise in images does not make large files. */
    private static void write(BufferedImage image, File file) throws IOException {
        if (!file.getParentFile().isDirectory() && !file.getParentFile().mkdirs()) {
            throw new IOException(file.getParent() + ": cannot be made");
        }
        Map<Integer, Integer> palette = new HashMap<>();
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                int colour = image.getRGB(x, y);
                int coarse = coarse(colour >> 16) << 16 | coarse(colour >> 8) << 8 | coarse(colour);
                image.setRGB(x, y, coarse);
                palette.putIfAbsent(coarse, palette.size());
            }
        }
        ImageIO.write(palette.size() > 256 ? image : indexed(image, palette), "png", file);
    }

    private static int coarse(int value) {
        return Math.min(255, ((value & 0xff) + 3) / 6 * 6 + ((value & 0xff) > 252 ? 3 : 0));
    }

    private static BufferedImage indexed(BufferedImage image, Map<Integer, Integer> palette) {
        int[] colours = new int[palette.size()];
        palette.forEach((colour, index) -> colours[index] = colour);
        IndexColorModel model = new IndexColorModel(8, colours.length, colours, 0, false, -1, DataBuffer.TYPE_BYTE);
        BufferedImage indexed =
                new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_BYTE_INDEXED, model);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                indexed.getRaster().setSample(x, y, 0, palette.get(image.getRGB(x, y) & 0xffffff));
            }
        }
        return indexed;
    }
}
