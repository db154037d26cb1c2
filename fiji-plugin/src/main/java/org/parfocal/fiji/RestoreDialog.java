package org.parfocal.fiji;

import ij.ImagePlus;
import ij.gui.DialogListener;
import ij.gui.GenericDialog;
import ij.gui.ImageWindow;
import ij.gui.NonBlockingGenericDialog;
import ij.gui.Roi;
import ij.gui.RoiListener;
import ij.io.SaveDialog;
import java.awt.AWTEvent;
import java.awt.Checkbox;
import java.awt.Choice;
import java.awt.Color;
import java.awt.EventQueue;
import java.awt.Panel;
import java.awt.Rectangle;
import java.awt.SystemColor;
import java.awt.TextArea;
import java.awt.TextField;
import java.io.File;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The dialog of Restore Focus. It does not block the image: the user may draw a selection, move through the stack and
 * set the contrast while looking at the preview.
 */
final class RestoreDialog extends NonBlockingGenericDialog implements DialogListener, RoiListener {
    private static final long serialVersionUID = 1;
    private static final int COLUMNS = 36;

    /** The last choice in this session. */
    private static Settings last = new Settings();

    private final ImagePlus image;
    private final transient Preview preview;
    private final TextArea note = new TextArea("", 3, 62, TextArea.SCROLLBARS_NONE);
    private final boolean[] axes;
    private transient Settings settings;
    private boolean closing;

    private RestoreDialog(ImagePlus image, Settings start) {
        super("Restore Focus");
        this.image = image;
        settings = start;
        axes = new boolean[] {image.getNChannels() > 1, image.getNSlices() > 1, image.getNFrames() > 1};
        ModelChoice.add(this, start.model, COLUMNS);
        addChoice("Device", devices(start.device), start.device);
        addChoice("Planes", Settings.labels(Settings.Planes.values()), start.planes.label);
        if (axes[0]) {
            addStringField(axis("Channels", image.getNChannels()), start.channels, 12);
        }
        if (axes[1]) {
            addStringField(axis("Slices", image.getNSlices()), start.slices, 12);
        }
        if (axes[2]) {
            addStringField(axis("Frames", image.getNFrames()), start.frames, 12);
        }
        addChoice("Region", Settings.labels(Settings.Part.values()), start.region.label);
        addChoice("Output", Settings.labels(Settings.Output.values()), start.output.label);
        addStringField("File (blank: ask)", start.file, COLUMNS);
        addStringField("Options (key=value)", start.options, COLUMNS);
        addCheckbox("Preview on this plane", false);
        Panel panel = new Panel();
        note.setEditable(false);
        note.setFocusable(false);
        panel.add(note);
        addPanel(panel);
        addDialogListener(this);
        preview = new Preview(image, this::tell);
    }

    /** Asks the user for settings; null if the user cancels or closes the image. */
    static Settings ask(ImagePlus image) {
        RestoreDialog dialog = new RestoreDialog(image, start(image));
        Roi.addRoiListener(dialog);
        CloseWatch closing = new CloseWatch(image, dialog::imageClosed);
        try {
            if (image.getProcessor() == null) {
                return null;
            }
            dialog.update();
            dialog.moveBesideImage();
            dialog.showDialog();
        } finally {
            closing.close();
            Roi.removeRoiListener(dialog);
            dialog.preview.close();
        }
        if (dialog.wasCanceled()) {
            return null;
        }
        Settings chosen = dialog.settings;
        if (chosen.output == Settings.Output.FILE && chosen.file.trim().isEmpty()) {
            chosen.file = askForFile(image);
            if (chosen.file == null) {
                return null;
            }
        }
        last = chosen.copy();
        last.file = "";
        return chosen;
    }

    /** The last choice, as far as it fits the image. */
    private static Settings start(ImagePlus image) {
        Settings start = last.copy();
        try {
            Selection.of(image, start);
        } catch (Problem other) {
            start.planes = Settings.Planes.ALL;
            start.channels = start.slices = start.frames = "";
        }
        Roi roi = image.getRoi();
        if (roi == null || !roi.isArea()) {
            start.region = Settings.Part.WHOLE;
        }
        if (start.output == Settings.Output.IN_PLACE) {
            // Overwriting pixels must be chosen each time.
            start.output = Settings.Output.IMAGE;
        }
        return start;
    }

    private static String axis(String name, int size) {
        return name + " (of 1-" + size + ", blank: all)";
    }

    /** Moves the dialog beside the image, if there is room, so that the preview can be seen. */
    private void moveBesideImage() {
        ImageWindow window = image.getWindow();
        if (window == null) {
            return;
        }
        pack();
        Rectangle screen = window.getGraphicsConfiguration().getBounds();
        Rectangle taken = window.getBounds();
        if (taken.x + taken.width + getWidth() <= screen.x + screen.width) {
            setLocation(taken.x + taken.width, taken.y);
        } else if (taken.x - getWidth() >= screen.x) {
            setLocation(taken.x - getWidth(), taken.y);
        }
    }

    private static String[] devices(String chosen) {
        List<String> devices = new ArrayList<>(Arrays.asList("auto", "cpu", "cuda", "webgpu"));
        if (!devices.contains(chosen)) {
            devices.add(chosen);
        }
        return devices.toArray(new String[0]);
    }

    private static String askForFile(ImagePlus image) {
        SaveDialog dialog = new SaveDialog("Restored Image as TIFF", Metadata.title(image.getTitle()), ".tif");
        return dialog.getFileName() == null ? null : new File(dialog.getDirectory(), dialog.getFileName()).getPath();
    }

    @Override
    public boolean dialogItemChanged(GenericDialog dialog, AWTEvent event) {
        return closing || update();
    }

    @Override
    public void dispose() {
        if (!closing) {
            // AWT may not have reported the last letter yet.
            settings = read();
            closing = true;
        }
        super.dispose();
    }

    /** Reads the fields, shows what is wrong with them, and starts the preview. Returns whether all is right. */
    private boolean update() {
        settings = read();
        boolean range = settings.planes == Settings.Planes.RANGE;
        List<TextField> fields = fields();
        enable(fields.get(0), isFileWanted());
        int next = 1;
        for (boolean axis : axes) {
            if (axis) {
                enable(fields.get(next++), range);
            }
        }
        enable(fields.get(next), settings.output == Settings.Output.FILE);
        String wrong = wrong();
        if (wrong != null) {
            preview.want(null);
            note.setText(wrong);
        } else if (isPreviewWanted()) {
            preview.want(settings);
        } else {
            preview.want(null);
            note.setText(hint());
        }
        return wrong == null;
    }

    private void enable(TextField field, boolean enabled) {
        field.setEnabled(enabled);
        field.setBackground(enabled ? Color.white : SystemColor.control);
    }

    private String wrong() {
        try {
            new Restorer(image, settings);
            if (settings.output == Settings.Output.FILE && !settings.file.isEmpty()) {
                new TiffOutput(settings.file);
            }
            if (isFileWanted()) {
                if (settings.model.isEmpty()) {
                    return "Model: no file is chosen. Choose an ONNX file, or a model by its name.";
                }
                if (!new File(settings.model).isFile()) {
                    return "Model: there is no file " + settings.model + ". Choose an ONNX file, or a model by its "
                            + "name.";
                }
            }
            return null;
        } catch (Problem problem) {
            return problem.getMessage();
        }
    }

    private String hint() {
        switch (settings.output) {
            case IN_PLACE:
                return "The pixels of this image will be replaced; "
                        + (UndoPlanes.isPossible()
                                ? "Edit > Undo brings them back."
                                : "they cannot be brought back, because a macro is running.");
            case FILE:
                return "Written plane by plane: for stacks that do not fit into memory.";
            default:
                return "";
        }
    }

    private Settings read() {
        Settings read = new Settings();
        List<TextField> fields = fields();
        int next = 0;
        String file = fields.get(next++).getText();
        String[] ranges = new String[3];
        for (int axis = 0; axis < 3; axis++) {
            ranges[axis] = axes[axis] ? fields.get(next++).getText().trim() : "";
        }
        read.file = fields.get(next++).getText().trim();
        read.options = fields.get(next).getText().trim();
        List<String> chosen = new ArrayList<>();
        for (Object choice : getChoices()) {
            chosen.add(((Choice) choice).getSelectedItem());
        }
        read.model = ModelChoice.read(chosen.get(0), file);
        read.device = chosen.get(1);
        read.planes = Settings.choose(chosen.get(2), Settings.Planes.values());
        read.region = Settings.choose(chosen.get(3), Settings.Part.values());
        read.output = Settings.choose(chosen.get(4), Settings.Output.values());
        if (read.planes == Settings.Planes.RANGE) {
            read.channels = ranges[0];
            read.slices = ranges[1];
            read.frames = ranges[2];
        }
        return read;
    }

    private List<TextField> fields() {
        List<TextField> fields = new ArrayList<>();
        for (Object field : getStringFields()) {
            fields.add((TextField) field);
        }
        return fields;
    }

    private boolean isFileWanted() {
        return ((Choice) getChoices().get(0)).getSelectedItem().equals(ModelChoice.FILE);
    }

    private boolean isPreviewWanted() {
        return ((Checkbox) getCheckboxes().get(0)).getState();
    }

    /** Whether the image shows a restored plane. */
    boolean previewShowing() {
        return preview.showing();
    }

    /** The text below the fields. */
    String noteText() {
        return note.getText();
    }

    private void tell(String text) {
        EventQueue.invokeLater(() -> {
            if (!closing && isPreviewWanted() && wrong() == null) {
                note.setText(text);
            }
        });
    }

    @Override
    public void roiModified(ImagePlus modified, int id) {
        if (modified == image) {
            EventQueue.invokeLater(() -> {
                if (!closing) {
                    getButtons()[0].setEnabled(update());
                }
            });
        }
    }

    private void imageClosed() {
        if (!closing) {
            windowClosing(null);
        }
    }
}
