/** The id of the optical drive, for QMP. */
export const discDrive = 'cd0'
