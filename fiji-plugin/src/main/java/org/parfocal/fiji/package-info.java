/**
 * The commands in {@code Plugins > Parfocal}: a thin host around {@link org.parfocal.ParfocalModel}.
 *
 * <p>Restore Focus goes one way: {@code RestoreFocus} (the command) gets {@code Settings} from {@code RestoreDialog} or
 * from a macro; {@code Restorer} checks them against the image ({@code Selection}: which planes; {@code Region}: which
 * part of them; {@code TiffOutput}: where to), borrows a model from {@code Models}, sends pixel arrays through
 * {@code PlaneRunner}, and gives the result what {@code Metadata} keeps. {@code Progress} shows how far it is and stops
 * it; {@code Preview} does the same for one plane while the dialog is open.
 *
 * <p>Rules: only dialogs and what shows reports need a screen, and no macro needs those. An image changes when its
 * whole result is there, or not at all. What the user can mend is a {@code Problem}, shown by {@code Messages}.
 */
package org.parfocal.fiji;
