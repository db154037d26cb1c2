/**
 * Restores out-of-focus microscope images: same pixel type, size, range and units. Begin with
 * {@link org.parfocal.ParfocalModel}.
 */
package org.parfocal;
