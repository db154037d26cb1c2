import ij.ImagePlus;
import ij.io.Opener;
import ij.measure.Calibration;
import ij.process.ImageProcessor;
import java.awt.image.IndexColorModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;
import loci.common.DebugTools;
import loci.common.services.ServiceFactory;
import loci.formats.FormatTools;
import loci.formats.ImageReader;
import loci.formats.ImageTools;
import loci.formats.meta.IMetadata;
import loci.formats.services.OMEXMLService;
import ome.units.UNITS;
import ome.units.quantity.Length;

/**
 * What Bio-Formats and ImageJ find in files: one line of tab-separated fields for each file and reader, so that one JVM
 * serves all. Arguments: a text file with one path a line.
 *
 * <p>Planes are told by the CRC32 of their samples, little-endian, in the order of the reader.
 */
public final class Judge {
    public static void main(String[] arguments) throws Exception {
        DebugTools.setRootLevel("ERROR");
        for (String path : Files.readAllLines(Paths.get(arguments[0]))) {
            report("bio-formats", path, Judge::bioFormats);
            report("imagej", path, Judge::imageJ);
        }
        System.exit(0);
    }

    private interface Reader {
        List<String> read(String path) throws Exception;
    }

    private static void report(String reader, String path, Reader judge) {
        List<String> found = new ArrayList<>();
        try {
            found.addAll(judge.read(path));
        } catch (Throwable e) {
            found.add("error=" + e);
        }
        StringBuilder line = new StringBuilder("judged\t" + reader + "\t" + path);
        for (String field : found) {
            line.append('\t').append(field.replaceAll("\\p{Cntrl}", " "));
        }
        System.out.println(line);
    }

    /** Every series: its axes, pixel type, channel names, physical sizes and planes. */
    private static List<String> bioFormats(String path) throws Exception {
        List<String> fields = new ArrayList<>();
        IMetadata metadata = new ServiceFactory().getInstance(OMEXMLService.class).createOMEXMLMetadata();
        try (ImageReader reader = new ImageReader()) {
            reader.setMetadataStore(metadata);
            reader.setId(path);
            fields.add("reader=" + reader.getReader().getClass().getSimpleName());
            for (int series = 0; series < reader.getSeriesCount(); series++) {
                reader.setSeries(series);
                String of = "s" + series + ".";
                fields.add(of + "size=" + reader.getSizeX() + "x" + reader.getSizeY() + " Z" + reader.getSizeZ() + " C"
                        + reader.getSizeC() + " T" + reader.getSizeT());
                fields.add(of + "order=" + reader.getDimensionOrder());
                fields.add(of + "type=" + FormatTools.getPixelTypeString(reader.getPixelType()));
                for (int channel = 0; channel < metadata.getChannelCount(series); channel++) {
                    fields.add(of + "channel" + channel + "=" + metadata.getChannelName(series, channel));
                }
                fields.add(of + "x=" + micrometres(metadata.getPixelsPhysicalSizeX(series)));
                fields.add(of + "y=" + micrometres(metadata.getPixelsPhysicalSizeY(series)));
                fields.add(of + "z=" + micrometres(metadata.getPixelsPhysicalSizeZ(series)));
                int size = FormatTools.getBytesPerPixel(reader.getPixelType());
                int samples = reader.getRGBChannelCount();
                for (int image = 0, plane = 0; image < reader.getImageCount(); image++) {
                    byte[] bytes = reader.openBytes(image);
                    if (!reader.isLittleEndian() && size > 1) {
                        swap(bytes, size);
                    }
                    for (int sample = 0; sample < samples; sample++, plane++) {
                        boolean mixed = reader.isInterleaved();
                        byte[] one = ImageTools.splitChannels(bytes, sample, samples, size, false, mixed);
                        fields.add(of + "plane" + plane + "=" + crc(one));
                    }
                }
            }
        }
        return fields;
    }

    private static String micrometres(Length length) {
        if (length == null) {
            return "none";
        }
        Number value = length.value(UNITS.MICROMETER);
        if (value == null) {
            return length.value() + " " + length.unit().getSymbol();
        }
        return String.format(Locale.ROOT, "%.6g", value.doubleValue());
    }

    /** The axes, calibration, labels and planes of what ImageJ opens. */
    private static List<String> imageJ(String path) {
        List<String> fields = new ArrayList<>();
        Opener opener = new Opener();
        opener.setSilentMode(true);
        ImagePlus image = opener.openImage(path);
        if (image == null) {
            fields.add("error=not opened");
            return fields;
        }
        Calibration calibration = image.getCalibration();
        fields.add("size=" + image.getWidth() + "x" + image.getHeight() + " Z" + image.getNSlices() + " C"
                + image.getNChannels() + " T" + image.getNFrames());
        fields.add("type=" + image.getBitDepth());
        fields.add("x=" + String.format(Locale.ROOT, "%.6g", calibration.pixelWidth) + " " + calibration.getUnit());
        fields.add("y=" + String.format(Locale.ROOT, "%.6g", calibration.pixelHeight));
        fields.add("z=" + String.format(Locale.ROOT, "%.6g", calibration.pixelDepth));
        fields.add("function=" + calibration.getFunction() + (calibration.isSigned16Bit() ? " signed" : ""));
        fields.add("inverted=" + image.isInvertedLut());
        byte[] reds = new byte[256];
        byte[] greens = new byte[256];
        if (image.getProcessor().getColorModel() instanceof IndexColorModel) {
            IndexColorModel colours = (IndexColorModel) image.getProcessor().getColorModel();
            colours.getReds(reds);
            colours.getGreens(greens);
            fields.add("table=" + crc(reds) + " " + crc(greens));
        }
        for (int plane = 1; plane <= image.getStackSize(); plane++) {
            fields.add("label" + plane + "=" + image.getStack().getSliceLabel(plane));
            fields.add("plane" + plane + "=" + crc(bytes(image.getStack().getProcessor(plane))));
        }
        image.close();
        return fields;
    }

    private static byte[] bytes(ImageProcessor plane) {
        Object pixels = plane.getPixels();
        ByteBuffer buffer = ByteBuffer.allocate(plane.getPixelCount() * 4).order(ByteOrder.LITTLE_ENDIAN);
        if (pixels instanceof byte[]) {
            buffer.put((byte[]) pixels);
        } else if (pixels instanceof short[]) {
            for (short value : (short[]) pixels) {
                buffer.putShort(value);
            }
        } else if (pixels instanceof float[]) {
            for (float value : (float[]) pixels) {
                buffer.putFloat(value);
            }
        } else {
            for (int value : (int[]) pixels) {
                buffer.put((byte) (value >> 16)).put((byte) (value >> 8)).put((byte) value);
            }
        }
        byte[] bytes = new byte[buffer.position()];
        buffer.flip();
        buffer.get(bytes);
        return bytes;
    }

    private static void swap(byte[] bytes, int size) {
        for (int at = 0; at + size <= bytes.length; at += size) {
            for (int i = 0; i < size / 2; i++) {
                byte kept = bytes[at + i];
                bytes[at + i] = bytes[at + size - 1 - i];
                bytes[at + size - 1 - i] = kept;
            }
        }
    }

    private static String crc(byte[] bytes) {
        CRC32 sum = new CRC32();
        sum.update(bytes);
        return String.format(Locale.ROOT, "%08x", sum.getValue());
    }
}
