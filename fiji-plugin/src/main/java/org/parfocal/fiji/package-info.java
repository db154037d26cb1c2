/**
 * The commands in {@code Plugins > Parfocal}: a thin layer over {@link org.parfocal.ParfocalModel}.
 *
 * <p>The path of Restore Focus: {@code RestoreFocus} (the command) gets {@code Settings} from {@code RestoreDialog} or
 * from a macro; {@code Restorer} checks them against the image ({@code Selection}: which planes; {@code Region}: which
 * part of them; {@code TiffOutput}: where to), borrows a model from {@code Models}, sends pixel arrays through
 * {@code PlaneRunner}, and {@code Metadata} completes the result. {@code Progress} shows progress and stops the run;
 * {@code Preview} restores one plane while the dialog is open.
 *
 * <p>Rules: only dialogs and report windows need a screen, and macros need neither. An image changes completely or not
 * at all. What the user can fix is a {@code Problem}, shown by {@code Messages}.
 */
package org.parfocal.fiji;
