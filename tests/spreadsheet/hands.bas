' What hands do to a workbook, by the commands that keys and menus give.
Option Explicit

' Marks cells, and fills their first row down.
Sub FillDown(book As Object, sheet As String, cells As String)
  Mark(book, sheet, cells)
  Press(book, ".uno:FillDown")
End Sub

' Drags the handle of the first row of some cells down to their last one.
Sub DragDown(book As Object, sheet As String, cells As String)
  Dim down As Long
  down = com.sun.star.sheet.FillDirection.TO_BOTTOM
  book.Sheets.getByName(sheet).getCellRangeByName(cells).fillAuto(down, 1)
End Sub

' Copies cells, and pastes their values from another cell on.
Sub PasteValues(book As Object, sheet As String, cells As String, onto As String)
  Mark(book, sheet, cells)
  Press(book, ".uno:Copy")
  Mark(book, sheet, onto)
  Press(book, ".uno:PasteOnlyValue")
End Sub

Sub Mark(book As Object, sheet As String, cells As String)
  Dim page As Object
  page = book.Sheets.getByName(sheet)
  book.CurrentController.setActiveSheet(page)
  book.CurrentController.select(page.getCellRangeByName(cells))
End Sub

Sub Press(book As Object, command As String)
  Dim keys As Object
  keys = createUnoService("com.sun.star.frame.DispatchHelper")
  keys.executeDispatch(book.CurrentController.Frame, command, "", 0, Array())
End Sub

Function Opened(path As String) As Object
  Dim how(0) As New com.sun.star.beans.PropertyValue
  how(0).Name = "Hidden"
  how(0).Value = True
  Opened = StarDesktop.loadComponentFromURL(ConvertToURL(path), "_blank", 0, how())
End Function

Sub Keep(book As Object, path As String)
  Dim how(0) As New com.sun.star.beans.PropertyValue
  how(0).Name = "FilterName"
  how(0).Value = "Calc MS Excel 2007 XML"
  book.storeToURL(ConvertToURL(path), how())
  book.close(True)
End Sub

Sub Say(path As String, text As String)
  Dim file As Integer
  file = FreeFile
  Open path For Output As #file
  Print #file, text
  Close #file
End Sub
