/** The two IPC channels of the shell; everything else goes over the ports they hand out. */
export const portRequestChannel = 'diptych:port-request'
export const portAnswerChannel = 'diptych:port'
