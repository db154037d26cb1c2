package org.parfocal.fiji;

import ij.gui.GUI;
import ij.plugin.frame.PlugInFrame;
import java.awt.BorderLayout;
import java.awt.Button;
import java.awt.FlowLayout;
import java.awt.Font;
import java.awt.Panel;
import java.awt.TextArea;
import java.awt.datatransfer.StringSelection;

/** A window with a text and a button that copies all of it. */
final class TextReportWindow extends PlugInFrame {
    private static final long serialVersionUID = 1;

    private final String text;

    TextReportWindow(String title, String text) {
        super(title);
        this.text = text;
    }

    void open() {
        int lines = text.split("\n", -1).length;
        TextArea area = new TextArea(text, Math.min(lines, 46), 104, TextArea.SCROLLBARS_VERTICAL_ONLY);
        area.setFont(new Font(Font.MONOSPACED, Font.PLAIN, 12));
        area.setEditable(false);
        Panel buttons = new Panel(new FlowLayout(FlowLayout.RIGHT, 8, 4));
        Button copy = new Button("Copy");
        copy.addActionListener(event -> getToolkit().getSystemClipboard().setContents(new StringSelection(text), null));
        Button close = new Button("Close");
        close.addActionListener(event -> close());
        buttons.add(copy);
        buttons.add(close);
        add(area, BorderLayout.CENTER);
        add(buttons, BorderLayout.SOUTH);
        pack();
        GUI.centerOnImageJScreen(this);
        setVisible(true);
    }
}
