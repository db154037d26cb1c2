/** Shared with Parfocal's plugin for Fiji, and no part of the library's interface: it may change with every release. */
package org.parfocal.internal;
